"""Models: one file per family, each a function that returns a fresh, untrained model.

``classical`` holds scikit-learn pipelines that scale inside the fold; ``mlp`` a Keras network.
Importing a family imports its library, nothing else does.
"""
