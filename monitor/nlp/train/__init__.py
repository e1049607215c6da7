"""Training of the shipped models; the only part of the project that imports torch or scikit-learn."""
