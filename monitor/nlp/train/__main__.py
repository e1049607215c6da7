"""`python -m monitor.nlp.train`."""

from monitor.nlp.train.train import main

main()
