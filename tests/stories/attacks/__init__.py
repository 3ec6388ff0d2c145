"""One story for each known attack, named test_attack_NN_ by its case in docs/security.md. A package, so that files here
may have the names of others."""
