"""The forms in a real JupyterLab: one server, one notebook, each form's happy path and a refusal."""
