"""Reads posts with models: encoder, linear side model, language, topics by example, learning, evaluation. No Django.

Of what people and models call things: labels.py has our labels, hub/labels.py finds them behind the names of a foreign
model's labels, label_meanings.py behind the values of a labelled file's columns and language_labels.py behind its names
of languages; labelled.py reads such a file.
"""
