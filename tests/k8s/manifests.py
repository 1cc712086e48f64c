"""Finds what the Kubernetes manifests say that the programs do not do."""

import os
import subprocess
import tempfile

import yaml

PROBE_PATHS = ("/healthz", "/readyz")


def render(folder):
    """The objects that `kubectl kustomize` makes of a folder."""
    text = subprocess.run(["kubectl", "kustomize", folder], check=True,
                          capture_output=True, text=True).stdout
    return [item for item in yaml.safe_load_all(text) if item]


def findings(objects, programs):
    """Yields a sentence for everything that does not hold.

    Args:
      objects: as render() returns them.
      programs: {name: path of the binary}.
    """
    known = {(item["kind"], item["metadata"]["name"]): item for item in objects}
    workloads = [item for item in objects
                 if item["kind"] in ("Deployment", "StatefulSet")]
    seen = set()
    for workload in workloads:
        for container in workload["spec"]["template"]["spec"]["containers"]:
            seen.add(container["command"][0])
            yield from _container_findings(workload, container, known, programs)
        yield from _claim_findings(workload, known)
    for name in sorted(set(programs) - seen):
        yield "%s: no workload runs it" % name
    for item in objects:
        if item["kind"] == "Service":
            yield from _service_findings(item, workloads)


def _container_findings(workload, container, known, programs):
    name = container["command"][0]
    if name not in programs:
        yield "%s: no such program" % name
        return
    mounts = {mount["mountPath"]: mount["name"]
              for mount in container["volumeMounts"]}
    paths = [arg.partition("=")[2] for arg in container["args"]
             if arg.startswith("--config=")]
    flags = [arg for arg in container["args"]
             if not arg.startswith("--config=")]
    text = _mounted_text(workload, mounts, paths[0], known) if paths else ""
    if text is None:
        yield "%s: %s is not mounted" % (name, paths[0])
        return
    yield from _program_findings(name, programs[name], text, flags)
    config = yaml.safe_load(text) or {}
    yield from _port_findings(name, container, config)
    yield from _address_findings(name, config, known)
    for path in _folders(config):
        if not any((path + "/").startswith(mount + "/") for mount in mounts):
            yield "%s: %s is on no volume" % (name, path)


def _program_findings(name, program, config, flags):
    """What the program itself says of its flags and its configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config)
        file.flush()
        run = subprocess.run(
            [program, "--config=" + file.name, *flags, "--check_config"],
            check=False, capture_output=True, text=True, timeout=60)
    if run.returncode:
        yield "%s: %s" % (name, (run.stderr + run.stdout).strip())


def _mounted_text(workload, mounts, path, known):
    """What a container reads at `path`, from the ConfigMap mounted there."""
    volumes = {volume["name"]: volume for volume in
               workload["spec"]["template"]["spec"].get("volumes", [])}
    volume = volumes.get(mounts.get(os.path.dirname(path)), {})
    config_map = known.get(
        ("ConfigMap", volume.get("configMap", {}).get("name")), {})
    return config_map.get("data", {}).get(os.path.basename(path))


def _port_findings(name, container, config):
    listens = {int(value.rpartition(":")[2]) for key, value in config.items()
               if key.endswith("_address") and key != "incidentd_address"}
    ports = {port["name"]: port["containerPort"]
             for port in container["ports"]}
    if set(ports.values()) != listens:
        yield "%s: listens on %s, the manifest says %s" % (
            name, sorted(listens), sorted(ports.values()))
    for key, probe in container.items():
        if not key.endswith("Probe"):
            continue
        if "grpc" in probe and probe["grpc"]["port"] != ports.get("grpc"):
            yield "%s: %s asks port %s, which is not its gRPC port" % (
                name, key, probe["grpc"]["port"])
        if "httpGet" in probe:
            if ports.get(probe["httpGet"]["port"]) is None:
                yield "%s: %s asks port %s, which there is not" % (
                    name, key, probe["httpGet"]["port"])
            if probe["httpGet"]["path"] not in PROBE_PATHS:
                yield "%s: %s asks %s, which nothing answers" % (
                    name, key, probe["httpGet"]["path"])


def _address_findings(name, config, known):
    host, _, port = config.get("incidentd_address", "").partition(":")
    if not host:
        return
    service = known.get(("Service", host), {"spec": {"ports": []}})
    if int(port) not in [port["port"] for port in service["spec"]["ports"]]:
        yield "%s: no service answers at %s" % (
            name, config["incidentd_address"])


def _folders(config):
    for key in ("data_dir", "spool_dir", "topology_file"):
        if key in config:
            yield config[key]
    for item in config.get("logs", []) + config.get("repositories", []):
        yield item["path"]


def _claim_findings(workload, known):
    for volume in workload["spec"]["template"]["spec"].get("volumes", []):
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and ("PersistentVolumeClaim", claim) not in known:
            yield "%s: no claim %s" % (workload["metadata"]["name"], claim)


def _service_findings(service, workloads):
    name, spec = service["metadata"]["name"], service["spec"]
    chosen = [workload for workload in workloads
              if spec["selector"].items() <= workload["spec"]["template"][
                  "metadata"]["labels"].items()]
    if len(chosen) != 1:
        yield "service %s: selects %d workloads" % (name, len(chosen))
        return
    container = chosen[0]["spec"]["template"]["spec"]["containers"][0]
    names = {port["name"] for port in container["ports"]}
    for port in spec["ports"]:
        if port["targetPort"] not in names:
            yield "service %s: no port %s" % (name, port["targetPort"])
