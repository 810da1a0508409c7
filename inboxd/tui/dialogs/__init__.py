"""Dialogs: what has to be asked before something is done to cases. Each does nothing itself."""
