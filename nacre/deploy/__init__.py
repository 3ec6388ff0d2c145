"""Puts a system of contracts on a chain and lists markets in it. Start with nacre/deploy/system.py."""

from nacre.deploy.system import DeployError, Market, System, deploy_system, list_market

__all__ = ["DeployError", "Market", "System", "deploy_system", "list_market"]
