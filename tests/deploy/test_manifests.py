"""The files of ``deploy/``, each by the schema or the program that will read it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from tests.docs.pages import ROOT
from tests.reflow_site.test_env_example import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = ROOT / "deploy"
KUBERNETES = ("1.31", "1.34", "1.37")
SETTING = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)
OF_THE_CONTAINERS = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"}


class NotCheckedWarning(UserWarning):
    """A program is missing, so a file was not checked; pytest's summary shows it."""


def program(name: str, *, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"NOT CHECKED: {name} is missing ({package})", NotCheckedWarning, 2)
        pytest.skip(f"NOT CHECKED: apt-get install {package}")
    return found


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- fixed commands
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=50,
    )


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for made in yaml.safe_load_all(file.read_text()):
            yield f"{file.name} {made['kind']}", made


def containers() -> Iterator[dict[str, Any]]:
    for _, made in objects():
        if made["kind"] in ("Deployment", "Job"):
            yield from made["spec"]["template"]["spec"]["containers"]


def sample_settings() -> dict[str, str]:
    return dict(SETTING.findall((DEPLOY / "production.env.example").read_text()))


def test_compose_fits_the_schema_of_compose() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")

    done = run(sys.executable, "-m", "check_jsonschema", *schema, "deploy/compose.yaml")

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in objects()])
def test_an_object_of_kubernetes_fits_its_schema(made: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(made, version, strict=True)


def test_selectors_find_the_pods_of_their_deployment() -> None:
    made = [item for _, item in objects()]
    labels = [
        item["spec"]["template"]["metadata"]["labels"]
        for item in made
        if item["kind"] == "Deployment"
    ]
    selectors = [
        item["spec"]["selector"].get("matchLabels", item["spec"]["selector"])
        for item in made
        if item["kind"] in ("Deployment", "Service", "PodDisruptionBudget")
    ]

    assert [selector for selector in selectors if selector not in labels] == []


def test_every_container_is_locked_down() -> None:
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }

    assert [item["securityContext"] for item in containers()] == [wanted] * len(list(containers()))


def test_the_web_pods_are_probed_where_the_server_answers() -> None:
    web = next(item for item in containers() if item["name"] == "web")

    paths = {name: web[name]["httpGet"]["path"] for name in web if name.endswith("Probe")}

    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }


def commands() -> dict[str, list[str]]:
    """Each command that some file gives to one of our processes, by its text."""
    return {" ".join([Path(given[0]).name, *given[1:]]): given for given in all_commands()}


def all_commands() -> Iterator[list[str]]:
    for file in sorted((DEPLOY / "systemd").glob("*.service")):
        for line in re.findall(r"^ExecStart=(.*)$", file.read_text(), re.MULTILINE):
            yield shlex.split(line.replace("%i", "8080"))
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for service in services.values():
        if service.get("image") == "reflow-django" and "command" in service:
            yield service["command"]
    for item in containers():
        if "command" in item:
            yield item["command"]


@pytest.mark.parametrize("command", commands().values(), ids=commands())
def test_every_command_is_one_that_our_programs_know(command: list[str]) -> None:
    name = Path(command[0]).name
    arguments = command[1:] if name == "python" else ["-m", name, *command[1:]]

    done = run(sys.executable, *arguments, "--help")

    assert done.returncode == 0, done.stdout


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = program("systemd-analyze", package="systemd")
    units = []
    for file in (DEPLOY / "systemd").glob("*.service"):
        unit = tmp_path / file.name.replace("@", "@8080")
        # The one change: a program that is here, for systemd looks whether it can be run.
        unit.write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read_text(), flags=re.MULTILINE)
        )
        units.append(str(unit))

    done = run(analyze, "verify", "--man=no", *units)

    complaints = [line for line in done.stdout.splitlines() if str(tmp_path) in line]
    assert (done.returncode, complaints) == (0, []), done.stdout


def test_nginx_understands_its_sample(tmp_path: Path) -> None:
    nginx = program("nginx", package="nginx-core")
    openssl = program("openssl", package="openssl")
    key, certificate = tmp_path / "reflow.key", tmp_path / "reflow.crt"
    names = ("-subj", "/CN=reflow.example.org", "-keyout", str(key), "-out", str(certificate))
    run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names)
    sample = (DEPLOY / "nginx" / "reflow.conf").read_text()
    # A name that is known here, and a certificate that is here; the rest is the file's own.
    here = sample.replace("server web:8080", "server 127.0.0.1:8080")
    here = here.replace("/etc/nginx/tls", str(tmp_path))
    around = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{here}\n}}\n"
    file = tmp_path / "nginx.conf"
    file.write_text(around)

    done = run(nginx, "-t", "-q", "-e", str(tmp_path / "error.log"), "-c", str(file))

    assert (done.returncode, done.stdout) == (0, "")


def test_the_samples_name_settings_that_there_are() -> None:
    config = {
        name
        for _, made in objects()
        if made["kind"] in ("ConfigMap", "Secret")
        for name in made.get("data", {}) | made.get("stringData", {})
    }

    assert config | set(sample_settings()) - OF_THE_CONTAINERS <= set(examples())


def test_djangos_check_for_production_finds_nothing_in_the_sample(tmp_path: Path) -> None:
    done = run(
        sys.executable,
        *("manage.py", "check", "--deploy", "--fail-level", "DEBUG"),
        **sample_settings(),
        REFLOW_VAR=str(tmp_path),
    )

    assert done.returncode == 0, done.stdout
    assert "no issues" in done.stdout
