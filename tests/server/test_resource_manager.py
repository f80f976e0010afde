"""What az asks of a cloud before it comes to the vault."""


def test_a_cloud_says_where_its_parts_are(served):
    found = served.raw("GET", "/metadata/endpoints?api-version=2022-09-01").json

    assert found["authentication"]["loginEndpoint"] == served.facts["authority"]
    assert found["authentication"]["audiences"] == [served.url]
    assert found["resourceManager"] == served.url
    assert found["suffixes"]["keyVaultDns"] == f".localhost:{served.url.rpartition(':')[2]}"
    assert served.raw("POST", "/metadata/endpoints").status == 405


def test_there_are_no_subscriptions(served):
    token = served.token(scope=f"{served.url}/.default")

    assert served.raw("GET", "/subscriptions?api-version=2022-12-01").status == 401
    assert served.call("GET", "/subscriptions", version="2022-12-01", token=token).json["value"] == []
    assert served.call("GET", "/subscriptions/x", version="2022-12-01", token=token).status == 404
