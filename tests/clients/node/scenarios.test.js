// The scenarios of the JavaScript SDK's own live tests. `kvlab serve` is named by the variables that every Azure SDK reads.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";

import { ClientSecretCredential } from "@azure/identity";
import { CertificateClient } from "@azure/keyvault-certificates";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";

const { VAULT_URL, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST } = process.env;
const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
  authorityHost: AZURE_AUTHORITY_HOST,
  disableInstanceDiscovery: true,
});
const options = { disableChallengeResourceVerification: true };
const certificates = new CertificateClient(VAULT_URL, credential, options);
const keys = new KeyClient(VAULT_URL, credential, options);
const secrets = new SecretClient(VAULT_URL, credential, options);

const directory = mkdtempSync(join(tmpdir(), "kvlab-"));
const path = (name) => join(directory, name);
const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
const self = { issuerName: "Self", subject: "CN=contoso.com", keyType: "EC", keyCurveName: "P-256" };
const quick = { intervalInMs: 10 };

const create = async (name, policy = self, settings = {}) =>
  (await certificates.beginCreateCertificate(name, policy, { ...quick, ...settings })).pollUntilDone();

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

async function pages(items) {
  const found = [];
  for await (const page of items.byPage()) found.push(page);
  return found;
}

before(() => {
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
    "-subj", "/CN=Outside Root", "-keyout", path("ca.key"), "-out", path("ca.pem"));
});

test("create a self-signed certificate, get, update", async () => {
  const made = await create("self", { ...self, subjectAlternativeNames: { dnsNames: ["contoso.com"] } }, { tags: { a: "b" } });
  const leaf = new X509Certificate(made.cer);
  assert.equal(leaf.subject, "CN=contoso.com");
  assert.equal(leaf.subjectAltName, "DNS:contoso.com");
  assert.ok(leaf.verify(leaf.publicKey));
  assert.deepEqual(made.properties.tags, { a: "b" });
  const thumbprint = createHash("sha1").update(made.cer).digest();
  assert.deepEqual(Buffer.from(made.properties.x509Thumbprint), thumbprint);
  const version = made.properties.version;
  const changed = await certificates.updateCertificateProperties("self", version, { enabled: false, tags: { c: "d" } });
  assert.equal(changed.properties.enabled, false);
  const again = await certificates.getCertificateVersion("self", version);
  assert.deepEqual(again.properties.tags, { c: "d" });
  assert.deepEqual(again.cer, made.cer);
});

test("policy get and update", async () => {
  await create("policy");
  const policy = await certificates.getCertificatePolicy("policy");
  assert.equal(policy.validityInMonths, 12);
  assert.equal(policy.lifetimeActions[0].action, "AutoRenew");
  await certificates.updateCertificatePolicy("policy", { ...policy, validityInMonths: 6 });
  assert.equal((await certificates.getCertificatePolicy("policy")).validityInMonths, 6);
});

test("a request is signed by a CA of one's own and merged", async () => {
  await certificates.beginCreateCertificate("manual", { ...self, issuerName: "Unknown" }, quick);
  const { csr, status } = await certificates.getCertificateOperation("manual").then((poller) => poller.getOperationState().certificateOperation);
  assert.equal(status, "inProgress");
  writeFileSync(path("web.csr"), csr);
  openssl("x509", "-req", "-inform", "DER", "-in", path("web.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
    "-CAcreateserial", "-days", "20", "-outform", "DER", "-out", path("web.der"));
  const merged = await certificates.mergeCertificate("manual", [readFileSync(path("web.der"))]);
  assert.deepEqual(Buffer.from(merged.cer), readFileSync(path("web.der")));
  assert.ok(new X509Certificate(merged.cer).verify(new X509Certificate(readFileSync(path("ca.pem"))).publicKey));
});

test("import PFX with a password, and PEM", async () => {
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=brought", "-keyout", path("own.key"), "-out", path("own.pem"));
  openssl("pkcs12", "-export", "-inkey", path("own.key"), "-in", path("own.pem"), "-passout", "pass:1234", "-out", path("own.pfx"));
  const fromPfx = await certificates.importCertificate("pfx", readFileSync(path("own.pfx")), { password: "1234" });
  const pem = Buffer.concat([readFileSync(path("own.pem")), readFileSync(path("own.key"))]);
  const fromPem = await certificates.importCertificate("pem", pem, { policy: { issuerName: "Unknown", contentType: "application/x-pem-file" } });
  assert.deepEqual(fromPfx.cer, fromPem.cer);
  assert.match((await secrets.getSecret("pem")).value, /^-----BEGIN PRIVATE KEY-----/);
  writeFileSync(path("out.pfx"), Buffer.from((await secrets.getSecret("pfx")).value, "base64"));
  const out = openssl("pkcs12", "-in", path("out.pfx"), "-nodes", "-passin", "pass:").toString();
  assert.match(out, /BEGIN PRIVATE KEY/);
});

test("lists and versions come over several pages", async () => {
  for (const name of ["page-3", "page-1", "page-2"]) await create(name);
  await create("page-1");
  const listed = await pages(certificates.listPropertiesOfCertificates({ maxresults: 2 }));
  assert.ok(listed.length > 2 && listed.every((page) => page.length <= 2));
  const names = listed.flat().map((item) => item.name);
  assert.deepEqual(names.filter((name) => name.startsWith("page-")), ["page-1", "page-2", "page-3"]);
  const versions = await pages(certificates.listPropertiesOfCertificateVersions("page-1", { maxresults: 1 }));
  assert.equal(versions.flat().length, 2);
  assert.ok(versions.every((page) => page.length <= 1));
  await certificates.beginCreateCertificate("page-4", { ...self, issuerName: "Unknown" }, quick);
  const pending = await all(certificates.listPropertiesOfCertificates({ includePending: true }));
  assert.ok(pending.some((item) => item.name === "page-4"));
});

test("delete, recover, purge, backup, restore", async () => {
  const made = await create("kept");
  const blob = await certificates.backupCertificate("kept");
  const deleted = await (await certificates.beginDeleteCertificate("kept", quick)).pollUntilDone();
  assert.equal(deleted.recoveryId, `${VAULT_URL}/deletedcertificates/kept`);
  await assert.rejects(certificates.getCertificate("kept"), { statusCode: 404, code: "CertificateNotFound" });
  assert.ok((await all(certificates.listDeletedCertificates())).some((item) => item.name === "kept"));
  const recovered = await (await certificates.beginRecoverDeletedCertificate("kept", quick)).pollUntilDone();
  assert.equal(recovered.properties.version, made.properties.version);
  await (await certificates.beginDeleteCertificate("kept", quick)).pollUntilDone();
  await certificates.purgeDeletedCertificate("kept");
  const restored = await certificates.restoreCertificateBackup(blob);
  assert.deepEqual(restored.cer, made.cer);
});

test("contacts", async () => {
  const contacts = [{ email: "admin@contoso.com", name: "Jo", phone: "123" }];
  assert.deepEqual(await certificates.setContacts(contacts), contacts);
  assert.deepEqual(await certificates.getContacts(), contacts);
  await certificates.deleteContacts();
  await assert.rejects(certificates.getContacts(), { statusCode: 404, code: "ContactsNotFound" });
});

test("issuers", async () => {
  const issuer = await certificates.createIssuer("partner", "Test", { accountId: "me", password: "hush",
    administratorContacts: [{ firstName: "Jo", lastName: "Doe", email: "jo@contoso.com", phone: "123" }] });
  assert.deepEqual([issuer.id, issuer.provider], [`${VAULT_URL}/certificates/issuers/partner`, "Test"]);
  assert.equal((await certificates.updateIssuer("partner", { accountId: "you" })).accountId, "you");
  assert.equal((await certificates.getIssuer("partner")).administratorContacts[0].firstName, "Jo");
  assert.deepEqual((await all(certificates.listPropertiesOfIssuers())).map((item) => item.id), [issuer.id]);
  await certificates.deleteIssuer("partner");
  await assert.rejects(certificates.getIssuer("partner"), { statusCode: 404 });
});

test("an operation is cancelled and deleted", async () => {
  const poller = await certificates.beginCreateCertificate("cancelled", { ...self, issuerName: "Unknown" }, quick);
  await poller.cancelOperation();
  const operation = await certificates.getCertificateOperation("cancelled");
  assert.equal(operation.getOperationState().certificateOperation.cancellationRequested, true);
  await certificates.deleteCertificateOperation("cancelled");
  await assert.rejects(certificates.getCertificateOperation("cancelled"), { code: "PendingCertificateNotFound" });
});

test("secrets", async () => {
  const made = await secrets.setSecret("plain", "value", { contentType: "text/plain", tags: { a: "b" } });
  await secrets.setSecret("plain", "other");
  assert.equal((await secrets.getSecret("plain", { version: made.properties.version })).value, "value");
  await secrets.updateSecretProperties("plain", made.properties.version, { tags: { c: "d" } });
  assert.equal((await all(secrets.listPropertiesOfSecretVersions("plain"))).length, 2);
  const blob = await secrets.backupSecret("plain");
  await (await secrets.beginDeleteSecret("plain", quick)).pollUntilDone();
  await (await secrets.beginRecoverDeletedSecret("plain", quick)).pollUntilDone();
  await (await secrets.beginDeleteSecret("plain", quick)).pollUntilDone();
  await secrets.purgeDeletedSecret("plain");
  await secrets.restoreSecretBackup(blob);
  assert.equal((await secrets.getSecret("plain")).value, "other");
});

test("keys and cryptography", async () => {
  const usage = ["digitalSignature", "keyEncipherment", "dataEncipherment"];
  const made = await create("crypto", { issuerName: "Self", subject: "CN=crypto", keyType: "RSA", keySize: 2048, keyUsage: usage });
  const digest = createHash("sha256").update("what is signed").digest();
  const client = new CryptographyClient(made.keyId, credential, options);
  const { result } = await client.sign("RS256", digest);
  assert.equal((await client.verify("RS256", digest, result)).result, true);
  const { result: ciphertext } = await client.encrypt({ algorithm: "RSA-OAEP", plaintext: Buffer.from("text") });
  assert.equal(Buffer.from((await client.decrypt({ algorithm: "RSA-OAEP", ciphertext })).result).toString(), "text");
  const wrapped = await client.wrapKey("RSA-OAEP-256", Buffer.alloc(32, 1));
  assert.deepEqual(Buffer.from((await client.unwrapKey("RSA-OAEP-256", wrapped.result)).result), Buffer.alloc(32, 1));
  const key = await keys.createEcKey("plain-key", { curve: "P-256" });
  const signer = new CryptographyClient(key, credential, options);
  const signed = await signer.sign("ES256", digest);
  assert.equal(signed.result.length, 64);
  assert.equal((await signer.verify("ES256", digest, signed.result)).result, true);
  const blob = await keys.backupKey("plain-key");
  await (await keys.beginDeleteKey("plain-key", quick)).pollUntilDone();
  await keys.purgeDeletedKey("plain-key");
  assert.equal((await keys.restoreKeyBackup(blob)).id, key.id);
});
