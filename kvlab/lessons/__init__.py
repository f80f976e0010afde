"""
The lessons' exercises: tasks drawn for each student, checks that look at what was made, and what proves the checks.

Each notebook has a module here, which looks, and beside it a TOML file with the words: tasks, hints, right and wrong
artefacts. ``plan.py`` lists them.

The limit of it: a check runs in the learner's own process. It reads the vault's state, the certificates' DER and
signatures and the event log through a view that it makes itself. So to set a variable, to replace ``check`` or a method
of the vault object, or to edit the progress file changes nothing that checking the same vault again would find. But
somebody who rewrites the vault's database or kvlab's own code in memory can make anything look right. Whoever grades
runs the learner's notebook anew, and the checks with it.
"""
