"""The live workbench: thin views on one state."""
