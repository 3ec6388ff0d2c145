"""Random walks over a whole system: several markets of all policies, isolated and cross accounts, vault and treasury.

Nothing is compared with the model here: what must hold is asked of the contracts themselves, after every action.
"""
