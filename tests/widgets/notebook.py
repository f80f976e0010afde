"""A notebook in which the vault is worked by magics and each kind of object is a cell's last line."""

from nbformat.v4 import new_code_cell, new_notebook

POLICY = '{"x509_props": {"validity_months": 24}}'
CELLS = (
    '%load_ext kvlab\nfrom kvlab import Vault\nvault = Vault("contoso-lab", clock="simulated", seed=1)',
    "%kv create web --subject CN=contoso.com --kty EC --dns contoso.com --tag team=web",
    "%kv advance 30d",
    "%kv show web",
    "%kv poll web",
    f"%%kvpolicy longer\n{POLICY}",
    "%kv policy web --policy longer",
    'vault.get_key("web")',
    'vault.get_secret("web")',
    "%kv delete web",
    'vault.get_deleted_key("web")',
    'vault.get_deleted_secret("web")',
    "%kv recover web",
    "%kv contacts --email ann@contoso.com",
    'vault.set_certificate_issuer("digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "hush"}, org_details={"id": "42"})',
    "%kv calls web",
    "%kv",
    "vault",
    "%kv merge web nowhere.pem",
    "%kv show nobody",
)
WRONG, REFUSED = CELLS[-2:]
"""Mistakes on purpose: in the line, and one that the vault refuses."""


def notebook():
    """The notebook, not yet run."""
    cells = [
        new_code_cell(cell, metadata={"tags": ["raises-exception"]} if cell in (WRONG, REFUSED) else {})
        for cell in CELLS
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
