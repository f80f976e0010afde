"""Every credential that a program without a person uses gets a token, and the token gets in."""

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.certificates import CertificateClient

from tests.sdk.policy import created
from tests.sdk.way import CLOUD_URL, in_process, over_https


@pytest.mark.parity("managed-identity")
@pytest.mark.parametrize("credential", ["environment", "managed identity"])
def test_a_credential_from_the_environment(server, name, credential):
    with over_https(server, credential=credential) as way:
        made = created(way, name)

        assert way.keys.get_key(name).id == made.key_id
        assert way.secrets.get_secret(name).value
        assert name in {item.name for item in way.certificates.list_properties_of_certificates()}


def test_the_managed_identity_is_never_the_owner(server):
    with over_https(server, credential="managed identity") as way:
        token = way._wiring.credential.get_token("https://vault.azure.net/.default").token

    assert server.call("GET", "/kvlab/events", token=token).status == 403


def test_a_wrong_secret_is_the_credentials_own_error(server):
    facts = server.facts
    options = {"connection_verify": facts["ca_bundle"]}
    with (
        ClientSecretCredential(
            facts["tenant_id"],
            facts["client_id"],
            "wrong",
            authority=facts["authority"],
            disable_instance_discovery=True,
            **options,
        ) as credential,
        CertificateClient(server.url, credential, verify_challenge_resource=False, **options) as client,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        client.get_certificate("web")  # fmt: skip


def test_on_localhost_the_challenge_check_has_to_be_turned_off(server):
    facts = server.facts
    # Older SDKs check a challenge only when they see it first: so an address that no other test uses.
    address = server.url.replace("localhost", "127.0.0.1")
    options = {"connection_verify": facts["ca_bundle"]}
    with (
        ClientSecretCredential(
            facts["tenant_id"],
            facts["client_id"],
            facts["client_secret"],
            authority=facts["authority"],
            disable_instance_discovery=True,
            **options,
        ) as credential,
        CertificateClient(address, credential, **options) as client,
        pytest.raises(ValueError, match="does not match the requested domain"),
    ):
        client.get_certificate("web")  # fmt: skip


@pytest.mark.parity("sdk-challenge")
def test_the_clouds_url_may_stand_for_one_kvlab_after_another(server, name):
    """The SDK remembers for the whole process which tenant an address has; another tenant's credential would fail."""
    with in_process() as first:
        assert first.vault_url == CLOUD_URL
        created(first, name)
    with over_https(server, cloud_url=True) as second:
        assert created(second, name)
    with in_process(aio=True) as third, pytest.raises(HttpResponseError, match="CertificateNotFound"):
        third.certificates.get_certificate(name)
