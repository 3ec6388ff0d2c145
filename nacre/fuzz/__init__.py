"""Random actions against the model and the contracts, with every invariant checked after each."""
