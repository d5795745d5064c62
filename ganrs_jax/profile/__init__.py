"""The profile recipe: embedding, two-part GAN, calibration, plan, rows."""
