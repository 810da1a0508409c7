"""
The scorecard's day sheets: what happened, as columns of numbers, worked out once a day.

`queries` say what a row of a sheet is, `making` turns their rows into arrays, `sheets` keeps them
and knows which are stale.
"""
