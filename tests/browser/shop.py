"""A vault with a certificate in every state, for the explorer's tests; its cells are run in a notebook too."""

SHOP = """
import kvlab
from kvlab import Vault

vault = Vault("contoso-lab", clock="simulated", seed=1)
ca = vault.practice_ca("Contoso")


def policy(host, months=12, issuer="Self", crv="P-256", names=()):
    return {
        "issuer": {"name": issuer},
        "key_props": {"kty": "EC", "crv": crv, "exportable": issuer == "Self"},
        "x509_props": {"subject": f"CN={host}, O=Contoso", "sans": {"dns_names": [host, *names]}, "validity_months": months},
        "lifetime_actions": [{"trigger": {"lifetime_percentage": 90}, "action": {"action_type": "EmailContacts"}}],
    }


def make(name, host, **more):
    vault.create_certificate(name, policy(host, **more))
    vault.process_due()


make("legacy-vpn", "vpn.contoso.com", months=1)
make("mail", "mail.contoso.com", months=2, names=["smtp.contoso.com", "imap.contoso.com"])
vault.clock.advance(days=40)
make("shop", "shop.contoso.com", names=["www.contoso.com"])
make("shop", "shop.contoso.com", names=["www.contoso.com"])
make("api", "api.contoso.com", crv="P-384")
make("wiki", "wiki.contoso.com", crv="P-256K")
make("staging", "*.staging.contoso.com")
vault.update_certificate("staging", attributes={"enabled": False})
make("orders", "orders.contoso.com", issuer="Unknown")
make("partner", "partner.contoso.com", issuer="Unknown")
vault.merge_certificate("partner", ca.sign(vault.get_certificate_operation("partner")))
vault.set_certificate_issuer("digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "x"}, org_details={"id": "42"})
vault.ca("DigiCert").configure(delay_seconds=0, decision="reject")
make("billing", "billing.contoso.com", issuer="digi")
make("old-intranet", "intranet.contoso.local")
vault.delete_certificate("old-intranet")
make("sensor-0017", "sensor-0017.contoso.com")
make("evil", "evil.contoso.com")
vault.create_certificate("evil", {
    "issuer": {"name": "Self"}, "key_props": {"kty": "EC"},
    "x509_props": {"subject": 'CN="<script>document.title=1</script>", O="<img src=x onerror=document.title=1>", OU=con\\u200btoso \\u202emoc'},
}, tags={"<b>bold</b>": "<img src=x onerror=document.title=1>"})
vault.process_due()
vault.clock.advance(days=1)
"""
