"""Stage 3: from generated vectors to ids and ratings."""
