"""Networks, objectives and optimisers that both pipelines use."""
