"""
How well the shop answers: figures over a period, from columns of what happened.

`columns` says what is kept of a day, `model` what a scorecard is made of, `figures` how the one
follows from the other. What each figure means exactly is in docs/figures.md.
"""
