import {
  type ExecResult,
  getContainerRuntimeClient,
  type StartedNetwork,
  type StartedTestContainer,
} from "testcontainers";

/** How long Docker gives a container between SIGTERM and SIGKILL; more than a worker's own grace time. */
const termMs = 60_000;

/** A container as the process it is: what Docker does to it from outside. */
export class ContainerProcess {
  readonly #container: StartedTestContainer;

  constructor(container: StartedTestContainer) {
    this.#container = container;
  }

  /** As its processes see it, and say in heartbeats and statistics. */
  get host(): string {
    return this.#container.getId().slice(0, 12);
  }

  /** kill -9 of everything in it. */
  async kill(): Promise<void> {
    await (await this.#docker()).kill({ signal: "SIGKILL" });
  }

  /** SIGTERM, and after a minute SIGKILL. Returns its exit code. */
  async term(): Promise<number> {
    const docker = await this.#docker();
    await docker.stop({ t: termMs / 1_000 });
    return (await docker.inspect()).State.ExitCode;
  }

  /** Starts the same container again. */
  async startAgain(): Promise<void> {
    await (await this.#docker()).start();
  }

  /** Resolves to its exit code when it has ended. */
  async ended(): Promise<number> {
    const { StatusCode } = (await (await this.#docker()).wait()) as { StatusCode: number };
    return StatusCode;
  }

  /** Both streams of all its lives; lines keep Docker's frame headers. */
  async output(): Promise<string> {
    return (await (await this.#docker()).logs({ stdout: true, stderr: true, follow: false })).toString();
  }

  /** Takes its network away: nothing is closed or refused, packets just go nowhere. */
  async disconnect(network: StartedNetwork): Promise<void> {
    await (await this.#network(network)).disconnect({ Container: this.#container.getId() });
  }

  async connect(network: StartedNetwork): Promise<void> {
    await (await this.#network(network)).connect({ Container: this.#container.getId() });
  }

  exec(words: string[]): Promise<ExecResult> {
    return this.#container.exec(words);
  }

  /** Ends and removes it. */
  async remove(): Promise<void> {
    await this.#container.stop({ timeout: 0 });
  }

  async #docker() {
    return (await getContainerRuntimeClient()).container.getById(this.#container.getId());
  }

  async #network(network: StartedNetwork) {
    return (await getContainerRuntimeClient()).network.getById(network.getId());
  }
}
