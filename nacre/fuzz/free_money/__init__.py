"""The search for free money: accounts under one hand try whatever they like, and must not have more afterwards.

settings    what a world is drawn from
world       one system with outsiders in some state, and the ring of attackers in it
steps       what the ring does, as data, and its encoding for MockAttacker
draws       random and directed sequences
bounds      what a sequence may gain, and why
search      plays sequences, compares, cuts counterexamples down
command     the command line
"""
