"""A release's containers take over, service by service, each as release.json says.

The same is done to go back: what is reached follows from the release that is asked for, and from
what runs, wherever an earlier run was cut off.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from engine import edge
from engine.answers import try_container
from engine.compose import service_hashes
from engine.deployment import Deployment
from engine.docker_api import Container, look_again, update_container
from engine.incoming import ServiceSpec
from engine.resolve import Model, lasting_services, restart_policy
from engine.switch import share, standby
from engine.switch.foreseen import announced
from engine.switch.gap import away, in_place
from engine.switch.making import make, needed_by, sight, start, wait_until_well
from engine.switch.order import in_order
from engine.switch.rotation import Rotation
from engine.switch.situation import ANNOUNCED, Situation, situation


class Switcher:
    """Brings a project to one release."""

    def __init__(
        self,
        deployment: Deployment,
        release: str,
        model: Model,
        image_ids: Mapping[str, str],
        specs: Mapping[str, ServiceSpec],
    ) -> None:
        self.deployment, self.release = deployment, release
        self.model, self.image_ids, self.specs = model, image_ids, specs
        self.folder = deployment.layout.release(release)
        self.hashes = service_hashes(deployment.incoming.name, self.folder)
        self.edge = deployment.incoming.edge_service
        self.order = in_order(lasting_services(model), self.edge)

    def switch(self) -> list[str]:
        """Have every service of the release serve; returns what was done, in words.

        Raises StepFailedError; what served before the service that failed serves on.
        """
        before = self.situations()
        if not any(each.is_switched for each in before) and not standby.ids(self.deployment.layout):
            done = self._all_in_place()
        else:
            counts = {each.service: each.missing for each in before if each.is_switched}
            make(self.deployment, self.release, self.model, counts)
            done = []
            for service in self.order:
                found = self._situation(service, self.deployment.containers(service))
                if not found.is_reached:
                    done.append(self._service(found))
            done += self._unknown()
        # What has given way may falter: its share is of no use to anybody.
        serving = standby.without(self.deployment.containers(), self.deployment.layout)
        share.restore(self.deployment.client, self.model, serving)
        return done

    def situations(self) -> list[Situation]:
        """Every service as it is now, in the order in which they are switched."""
        containers = self.deployment.containers()
        return [self._situation(service, containers) for service in self.order]

    def announced(self) -> list[str]:
        """What will be away while it is replaced in place, and for how long, in words."""
        return announced(self.situations())

    def rotation(self) -> Rotation | None:
        """The rotation of the edge that runs, if one does."""
        found = edge.running_edge(self.deployment.containers(), self.edge)
        if found is None:
            return None
        image = str(self.model["services"].get(found.service, {}).get("image"))
        outdated = found.image_id != self.image_ids.get(image)
        return Rotation(self.deployment.client, found, self.deployment.interrupts, outdated)

    def _situation(self, service: str, containers: Sequence[Container]) -> Situation:
        definition = self.model["services"][service]
        return situation(
            service,
            self.specs.get(service, ServiceSpec()),
            definition,
            self.hashes[service],
            self.image_ids.get(str(definition.get("image"))),
            containers,
            standby.ids(self.deployment.layout),
            standby.going(self.deployment.layout),
        )

    def _all_in_place(self) -> list[str]:
        """Nothing has to be switched: compose starts what is missing, and in the right order."""
        before, since = self.deployment.containers(), time.time()
        self.deployment.compose.up(self.folder, [], self.deployment.request.wait_timeout_s)
        told = in_place(self.deployment, self.specs, before, since)
        return [told[name] for name in self.order if name in told]

    def _service(self, found: Situation) -> str:
        if found.back:
            found = self._taken_back(found)
        if found.is_switched and found.missing:
            # One that was well has faltered since.
            make(self.deployment, self.release, self.model, {found.service: found.missing})
            found = self._situation(found.service, self.deployment.containers(found.service))
        if found.is_switched:
            self.deployment.journal.write("switching", service=found.service, how=found.spec.switch)
            kinds = {"beside": self._beside, "overlap": self._overlap, "after": self._after}
            return kinds[found.spec.switch](found)
        replaced = bool(found.ours or found.others)
        since = time.time()
        # What it needs came before it. Where that is replaced in place as well, compose finds it as
        # it is to be; without it, older composes would give the container another definition
        # (see `make`).
        needs = [
            self.specs.get(name, ServiceSpec()) for name in needed_by(self.model, found.service)
        ]
        alone = ["--no-deps"] if any(spec.switch != ANNOUNCED for spec in needs) else []
        arguments = self.deployment.compose.up_arguments(
            [*alone, found.service], self.deployment.request.wait_timeout_s
        )
        timeout_s = self.deployment.request.wait_timeout_s + 30.0
        self.deployment.compose.run(self.folder, arguments, timeout_s, "up")
        standby.discard(self.deployment.layout, [each.id for each in found.back])
        if found.service == self.edge:
            # A new edge knows of nothing that was drained.
            self._drain_standby()
        spec = found.spec
        return (
            away(self.deployment, found.service, spec, since)
            if replaced
            else f"{found.service} started"
        )

    def _taken_back(self, found: Situation) -> Situation:
        """What is to serve again is removed by nobody, and started again as it was made to be."""
        if not standby.take_back(self.deployment.layout, found.back):
            found = self._situation(found.service, self.deployment.containers(found.service))
        policy = restart_policy(self.model["services"][found.service])
        for each in found.back:
            update_container(self.deployment.client, each, restart_policy=policy)
        return found

    def _beside(self, found: Situation) -> str:
        seen = sight(self.model, found.service, self.edge)
        for each in found.unstarted:
            seen.hide(self.deployment, each)
        ours = self._running(found.ours)
        for each in ours:
            if seen.hides(each):
                try_container(each, found.spec, self.deployment.incoming.site)
                seen.show(self.deployment, each)
        ours = look_again(self.deployment.client, ours)
        rotation = self.rotation()
        backends = found.spec.backends
        if rotation:
            rotation.free(backends)
            rotation.admit(backends, [address(each, seen.names) for each in ours])
        giving_way = found.giving_way
        standby.add(self.deployment.layout, giving_way)
        standby.discard(self.deployment.layout, [each.id for each in ours])
        if rotation:
            rotation.drain(backends, [address(each, seen.names) for each in giving_way])
        return f"{found.service} switched beside {len(giving_way)}"

    def _overlap(self, found: Situation) -> str:
        ours = self._running(found.ours)
        standby.add(self.deployment.layout, found.giving_way)
        standby.discard(self.deployment.layout, [each.id for each in ours])
        self._stop(found.giving_way)
        return f"{found.service} switched with an overlap"

    def _after(self, found: Situation) -> str:
        standby.add(self.deployment.layout, found.giving_way)
        self._stop(found.giving_way)
        ours = self._running(found.ours)
        standby.discard(self.deployment.layout, [each.id for each in ours])
        return f"{found.service} switched after the old one had ended"

    def _running(self, containers: Sequence[Container]) -> list[Container]:
        """Start those that do not run; all of them once they are well."""
        client = self.deployment.client
        stopped = [each for each in containers if not each.running]
        share.lessen(client, self.model, stopped)
        start(self.deployment, stopped)
        timeout_s = self.deployment.request.wait_timeout_s
        well = wait_until_well(self.deployment, look_again(client, containers), timeout_s)
        share.restore(client, self.model, well)
        return well

    def _stop(self, containers: Sequence[Container]) -> None:
        """Each within its own grace period."""
        for each in containers:
            self.deployment.client.containers.get(each.id).stop()

    def _drain_standby(self) -> None:
        aside = standby.ids(self.deployment.layout)
        rotation = self.rotation()
        for service in self.order:
            spec = self.specs.get(service, ServiceSpec())
            gone = [
                each
                for each in self.deployment.containers(service)
                if each.id in aside and each.running
            ]
            if rotation and spec.backends and gone:
                names = sight(self.model, service, self.edge).names
                rotation.drain(spec.backends, [address(each, names) for each in gone])

    def _unknown(self) -> list[str]:
        """Stop the services that the release does not have."""
        known = lasting_services(self.model)
        aside = standby.ids(self.deployment.layout)
        gone = [
            each
            for each in self.deployment.containers()
            if each.service not in known and not each.one_off and each.id not in aside
        ]
        standby.add(self.deployment.layout, gone)
        self._stop(gone)
        return [f"{each.service} stopped" for each in gone]


def address(container: Container, networks: Mapping[str, object]) -> str:
    """Where the edge reaches a container: its address in the first network that both are in."""
    for network in networks:
        if network in container.networks and container.networks[network].address:
            return container.networks[network].address
    return ""
