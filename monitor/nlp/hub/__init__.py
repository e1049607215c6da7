"""Sequence classifiers of the Hugging Face hub, or of a folder, in place of heads of the shipped model.

`settings` says which, `labels` what their answers mean, `preparing` makes ready once, `classifier` runs, and
`replacements` is what the engine holds. Nothing is loaded or asked at import.
"""
