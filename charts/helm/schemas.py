#!/usr/bin/env python3
"""Writes values.schema.json of each chart; with --check tells which one is not up to date.

The charts of nodes understand the same values, so that their schemas are made from one source. They
are strict: a value that no template reads is a mistake, and is refused with its name.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAME = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# RFC 1123: names of most objects, of at most 253 characters; the empty one is none.
SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
LABEL = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
QUANTITY = "^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$"
ADDRESS = "^(0x[0-9a-fA-F]{40})?$"


def text(description, pattern=None, length=None):
    schema = {"description": description, "type": "string"}
    if pattern:
        schema["pattern"] = pattern
    if length:
        schema["maxLength"] = length
    return schema


def whole(description, least, most):
    return {"description": description, "type": "integer", "minimum": least, "maximum": most}


def flag(description):
    return {"description": description, "type": "boolean"}


def choice(description, *values):
    return {"description": description, "type": "string", "enum": list(values)}


def table(description, required=(), **properties):
    schema = {"description": description, "type": "object", "additionalProperties": False,
              "properties": {key.replace("_", "-"): value for key, value in properties.items()}}
    if required:
        schema["required"] = list(required)
    return schema


def rows(description, items):
    return {"description": description, "type": "array", "items": items}


def words(description):
    """Names and values that Kubernetes, not the chart, gives a meaning to."""
    return {"description": description, "type": "object",
            "additionalProperties": {"type": "string"}}


def verbatim(description, kind="object"):
    """A part of a Kubernetes object, which is handed through as it is."""
    return {"description": description, "type": kind}


def port(description, least=1):
    return whole(description, least, 65535)


def image(description):
    return table(description, ["repository"],
                 repository=text("Registry and name, without a tag.", "^([^@\\s/]+/)*[^@:\\s/]+$"),
                 tag=text("Tag; empty: the version of the chart.",
                          "^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$"),
                 digest=text("sha256:...; wins over the tag.", "^(sha256:[0-9a-f]{64})?$"),
                 pullPolicy=choice("When the image is pulled.", "Always", "IfNotPresent", "Never"))


def amounts(description):
    return {"description": description, "type": "object",
            "additionalProperties": {"type": ["string", "number"], "pattern": QUANTITY}}


def resources(description):
    return table(description, requests=amounts("What the scheduler sets aside."),
                 limits=amounts("What is never exceeded."))


LABELS = dict(
    run=table("What the objects belong to, as labels; the runner fills it in.",
              experiment=text("Name of the experiment.", LABEL, 63),
              id=text("The run; its nodes keep apart from each other.", LABEL, 63),
              group=text("The group of nodes.", LABEL, 63),
              role=text("What the nodes are in the run.", LABEL, 63)))

SCHEDULING = dict(
    nodeSelector=words("Labels that a machine must have."),
    tolerations=rows("Taints that the pods put up with.", {"type": "object"}),
    priorityClassName=text("Priority class of the pods."),
    podAnnotations=words("Annotations of the pods."),
    imagePullSecrets=rows("Secrets to pull the images with.",
                          table("One secret.", ["name"], name=text("Its name.", f"^{SUBDOMAIN}$", 253))))

AGENT = dict(
    image=image("Image of the agent."),
    port=port("Port of the agent."),
    tokenSecret=text("Secret whose key `token` is the agents' bearer token; empty: one is made.",
                     f"^({SUBDOMAIN})?$", 253),
    resources=resources("Resources of the agent."))

NODE = dict(
    **LABELS,
    nodes=whole("Number of nodes.", 0, 10000),
    image=image("Image of the client."),
    agent=table("The agent beside each node.", **AGENT),
    data=table("The volume that holds the content and the node's own files.",
               size=text("Its size; at least twice the content.", QUANTITY),
               storageClass=text("Storage class of a volume for each node; empty: a directory of "
                                 "the machine that the pod is on.")),
    resources=resources("Resources of the client."),
    **SCHEDULING,
    antiAffinity=choice("Whether nodes of a run keep to machines of their own.",
                        "none", "preferred", "required"),
    topologySpread=rows(
        "How nodes are spread over zones, regions, racks.",
        table("One way of spreading.", ["topologyKey"],
              topologyKey=text("Label of machines that names the place.", "."),
              maxSkew=whole("Difference between two places at most.", 1, 10000),
              whenUnsatisfiable=choice("What to do where that is impossible.", "DoNotSchedule",
                                       "ScheduleAnyway"))),
    ports=table("Ports of the node.",
                data=port("For peers, TCP and UDP; 0: none.", 0),
                api=port("Of the control API; 0: none.", 0),
                extra=rows("Further ones.",
                           table("One port.", ["name", "port"], name=text("Its name.", NAME, 15),
                                 port=port("Its number."),
                                 protocol=choice("TCP where it is left out.", "TCP", "UDP")))),
    network=table("The pods' network.",
                  ingressBandwidth=text("Rate in bits per second, \"100M\"; needs the CNI plugin "
                                        "`bandwidth`. Empty: no limit.", f"^$|{QUANTITY}"),
                  egressBandwidth=text("As above, for what is sent.", f"^$|{QUANTITY}"),
                  sysctls=rows("Kernel settings of the pods.",
                               table("One setting.", ["name", "value"], name=text("Its name.", "."),
                                     value=text("Its value.")))),
    networkPolicy=table("Who may talk to the nodes.",
                        enabled=flag("Only pods of the same experiment, and DNS."),
                        extraFrom=rows("Further senders, as NetworkPolicyPeer.",
                                       {"type": "object"})),
    serviceAccount=text("Service account of the pods; empty: the namespace's default."),
    terminationGracePeriodSeconds=whole("How long a node may take to end.", 0, 3600))

PERSISTENCE = table(
    "What storage requests need: they are how Codex makes an erasure-coded dataset.",
    enabled=flag("Give the nodes an Ethereum provider."),
    ethProvider=text("URL of the provider; empty: the chain below.", "^((http|ws)s?://.*)?$"),
    ethAccount=text("Account that requests are paid from.", ADDRESS),
    marketplaceAddress=text("Address of the marketplace contract.", ADDRESS))

CHAIN = table(
    "A development chain of the release's own.",
    enabled=flag("Start one."),
    image=image("Image of the chain, the marketplace contract included."),
    command=rows("Command, instead of the image's own.", {"type": "string"}),
    args=rows("Arguments.", {"type": "string"}),
    env=words("Environment."),
    port=port("Port of its JSON-RPC, HTTP and WebSocket."),
    resources=resources("Resources of the chain."),
    securityContext=table("Who its program is.", runAsUser=whole("User.", 1, 2**31 - 1),
                          runAsGroup=whole("Group.", 1, 2**31 - 1),
                          fsGroup=whole("Group of its volume.", 1, 2**31 - 1)))

WORKLOAD = dict(
    launch=choice("Who starts the program: `image`, as its entry point, or `runner`, as with the "
                  "other charts.", "image", "runner"),
    command=rows("Entry point, instead of the image's own.", {"type": "string"}),
    args=rows("Arguments.", {"type": "string"}),
    env={"description": "Environment; a value is text, or an object such as "
                        "{valueFrom: {fieldRef: {fieldPath: status.podIP}}}.",
         "type": "object", "additionalProperties": {"type": ["string", "object"]}},
    files=words("Files by name, in filesPath."),
    filesPath=text("Where the files are.", "^/"),
    readiness=verbatim("When a node is ready, as a Kubernetes probe; empty: as soon as it runs."),
    securityContext=table("Who the program is.", runAsUser=whole("User.", 1, 2**31 - 1),
                          runAsGroup=whole("Group.", 1, 2**31 - 1),
                          fsGroup=whole("Group of the volume.", 1, 2**31 - 1)))

RUNNER = dict(
    experiment=text("The experiment file; give it by --set-file experiment=FILE."),
    experimentName=text("The label swarmbench.dev/experiment of all objects; empty: the "
                        "release's name.", LABEL, 63),
    only=text("Only the cells whose number or label this is; empty: all."),
    args=rows("Further arguments of `swarmbench run`.", {"type": "string"}),
    nodeValues=text("Values for the charts of the nodes, as the text of a file."),
    image=image("Image of the runner."),
    agent=table("The agent that hands out results, and the token of all agents.", **AGENT),
    results=table("Where results are kept.",
                  existingClaim=text("A volume claim that is there already."),
                  size=text("Size of the claim that is made; empty: a directory of the pod, which "
                            "goes with it.", f"^$|{QUANTITY}"),
                  storageClass=text("Its storage class; empty: the cluster's default."),
                  accessMode=choice("Its access mode.", "ReadWriteOnce", "ReadWriteOncePod",
                                    "ReadWriteMany"),
                  keep=flag("Keep the claim when the release is removed."),
                  serve=flag("Have an agent hand out the files."),
                  hold=flag("Keep the runner's pod, with an agent in it, until the release is "
                            "removed: for results without a volume.")),
    job=table("The Job.",
              enabled=flag("Run the experiment; off: only accounts, volumes and the token."),
              backoffLimit=whole("How often a runner that died is started again; it resumes.",
                                 0, 1000),
              activeDeadlineSeconds=whole("End it after this time; 0: never.", 0, 2**31 - 1),
              ttlSecondsAfterFinished=whole("Remove it this long after its end; 0: keep it.",
                                            0, 2**31 - 1)),
    rbac=table("Rights of the runner.",
               create=flag("Make a service account, a Role and their binding.")),
    serviceAccount=text("Name of the service account; empty: that of the release.",
                        f"^({SUBDOMAIN})?$", 253),
    resources=resources("Resources of the runner."),
    **SCHEDULING)

CHARTS = {
    "deluge": NODE,
    "qbittorrent": NODE,
    "tracker": NODE,
    "codex": dict(NODE, persistence=PERSISTENCE, chain=CHAIN),
    "workload": dict(NODE, **WORKLOAD,
                     agent=table("The agent beside each node.",
                                 enabled=flag("Put one beside each node."), **AGENT)),
    "swarmbench": RUNNER,
}


def schema_of(chart):
    schema = {"$schema": "http://json-schema.org/draft-07/schema#",
              "title": f"Values of the chart {chart}"}
    schema.update(table("", **CHARTS[chart]))
    del schema["description"]
    # Helm itself puts these in.
    schema["properties"]["global"] = verbatim("Helm's own.")
    if chart != "swarmbench":
        schema["properties"]["swarmbench-node"] = verbatim("Helm's own.")
    return json.dumps(schema, indent=2) + "\n"


def main():
    stale = []
    for chart in CHARTS:
        path = HERE / chart / "values.schema.json"
        made = schema_of(chart)
        if "--check" not in sys.argv:
            path.write_text(made)
        elif not path.exists() or path.read_text() != made:
            stale.append(str(path))
    if stale:
        sys.exit(f"not up to date: {', '.join(stale)}; run charts/helm/schemas.py")


if __name__ == "__main__":
    main()
