#!/usr/bin/env python3
"""Renders the Helm chart with every kind of values, as Helm's own library does, and checks what comes out: against the schemas of
Kubernetes, and against what the image needs. `make deployment` installs what this needs, and lints the Dockerfile, too."""
import sys
from pathlib import Path

import kubernetes_validate
import yaml
from helm_python import Chart, HelmError, lint

CHART = str(Path(__file__).parent.parent / "deploy/helm/relay")
#: The oldest that Chart.yaml allows, and newer ones.
KUBERNETES = ["1.27", "1.30", "1.34"]
LEAST = {"publicUrl": "https://relay.example.com", "masterKey": {"existingSecret": "keys"}}
FULL = {
    **LEAST,
    "publicUrl": "https://example.com/relay",
    "image": {"repository": "registry.example.com/relay", "tag": "1", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "registry"}],
    "listenAddress": "[::]",
    "trustedProxies": "10.0.0.0/8",
    "drainSeconds": 600,
    "drainDelaySeconds": 0,
    "settings": {"RELAY_QUOTA_TOKENS_PER_MINUTE": 1000000, "RELAY_UPSTREAM_ALLOW_HTTP": True, "RELAY_UPSTREAM_PROXY": "http://proxy:3128"},
    "persistence": {"storageClassName": "fast", "size": "1Gi"},
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"a.example/b": "660"}, "tlsSecret": "tls"},
    "metrics": {"enabled": True, "existingSecret": "metrics", "serviceMonitor": True},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}},
}
GOOD = {
    "least": LEAST,
    "full": FULL,
    "ingress": {**LEAST, "ingress": {"enabled": True, "host": "other.example.com"}},
    "metrics": {**LEAST, "metrics": {"enabled": True, "existingSecret": "metrics", "port": 9000}},
    "no limits": {**LEAST, "resources": {"limits": None}},
}
#: Values that must be refused, and a word of the message.
BAD = [
    ({}, "publicUrl"),
    ({"publicUrl": LEAST["publicUrl"]}, "masterKey"),
    ({**LEAST, "publicUrl": "relay.example.com"}, "publicUrl"),
    ({**LEAST, "publicURL": "https://relay.example.com"}, "publicURL"),
    ({**LEAST, "drainSeconds": "2m"}, "drainSeconds"),
    ({**LEAST, "settings": {"RELAY_SERVER_DRAIN_SECONDS": 500}}, "RELAY_SERVER_DRAIN_SECONDS"),
    ({**LEAST, "settings": {"log.level": "debug"}}, "log.level"),
    ({**LEAST, "metrics": {"enabled": True}}, "metrics.existingSecret"),
]


def main():
    problems = [f"lint: {message}" for message in lint(CHART, values=LEAST, strict=True)["messages"] if message["severity"] > 1]
    chart = Chart.load(CHART)
    for name, values in GOOD.items():
        rendered = chart.render(values=values, name="relay", namespace="apps")
        documents = [found for text in rendered.values() for found in yaml.safe_load_all(text) if found]
        problems += [f"{name}: {problem}" for found in documents for problem in against_schema(found)]
        problems += [f"{name}: {problem}" for problem in together({found["kind"]: found for found in documents}, chart.merge_values(values))]
    for values, word in BAD:
        try:
            chart.render(values=values, name="relay")
            problems.append(f"accepted: {values}")
        except HelmError as error:
            if word not in str(error):
                problems.append(f"{values}: the message does not name {word}: {error}")
    for problem in problems:
        print(problem)
    print(f"{len(GOOD)} values rendered and {len(BAD)} refused: {len(problems)} problems")
    return bool(problems)


def against_schema(document):
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        return
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{document['kind']} for Kubernetes {version}: {error.message}"


def together(kinds, values):
    """What must fit in the documents of one release."""
    pod = kinds["StatefulSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    names = [each["name"] for each in container["env"]]
    env = {each["name"]: each["value"] for each in container["env"]}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in pod["volumes"]}
    drain = int(env["RELAY_SERVER_DRAIN_SECONDS"]) + int(env["RELAY_SERVER_DRAIN_DELAY_SECONDS"])
    address, port = env["RELAY_SERVER_LISTEN"].rsplit(":", 1)
    folder, key = env["RELAY_MASTER_KEY_FILE"].rsplit("/", 1)
    truths = {
        "every variable is set once": len(names) == len(set(names)),
        "every value is a text without an exponent": all(isinstance(text, str) and "e+" not in text for text in env.values()),
        "Kubernetes waits longer than the server": pod["terminationGracePeriodSeconds"] >= drain + 30,
        "the server listens on the port of the probes": ports["http"] == int(port) == 8080 and address not in ("127.0.0.1", "[::1]"),
        "probes ask for health": all(container[f"{name}Probe"]["httpGet"]["path"].startswith("/api/health/") for name in ("startup", "liveness", "readiness")),
        "the address is that of the values": env["RELAY_SERVER_PUBLIC_URL"] == values["publicUrl"],
        "the master key is a secret": volumes[mounts[folder]]["secret"]["secretName"] == values["masterKey"]["existingSecret"] and key == values["masterKey"]["key"],
        "secrets are for root and the group": all(each["secret"]["defaultMode"] == 0o440 for each in volumes.values()),
        "the group can read them": pod["securityContext"]["fsGroup"] == 65532,
        "nobody is root": pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65532,
        "the root file system is read-only": container["securityContext"]["readOnlyRootFilesystem"] is True,
        "the store is on the volume": mounts["/var/lib/relay"] == kinds["StatefulSet"]["spec"]["volumeClaimTemplates"][0]["metadata"]["name"],
        "the service finds the pod": kinds["Service"]["spec"]["selector"] == kinds["StatefulSet"]["spec"]["selector"]["matchLabels"],
        "the service's ports are the container's": {each["targetPort"] for each in kinds["Service"]["spec"]["ports"]} == set(ports),
    }
    if values["metrics"]["enabled"]:
        metrics = int(env["RELAY_METRICS_LISTEN"].rsplit(":", 1)[1])
        truths["the metrics' port is open, and has a token"] = ports["metrics"] == metrics and env["RELAY_METRICS_TOKEN_FILE"].rsplit("/", 1)[0] in mounts
    if "Ingress" in kinds:
        rule = kinds["Ingress"]["spec"]["rules"][0]
        path = rule["http"]["paths"][0]["path"]
        truths["the ingress has the path of the address"] = values["publicUrl"].split("/", 3)[3:] == ([path[1:]] if path != "/" else [])
        truths["the ingress has the host of the address, or its own"] = rule["host"] in (values["ingress"]["host"], values["publicUrl"].split("/")[2])
    return [f"it is not true that {name}" for name, holds in truths.items() if not holds]


if __name__ == "__main__":
    sys.exit(main())
