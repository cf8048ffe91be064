import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { isKnownEtag } from "@labelfleet/shared/storage/etag";

/** Objects of a run that are remembered; the longest unseen are forgotten, which only costs their work. */
const maxRemembered = 4_096;

/**
 * MD5 of the content, as S3 has it (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Not of an upload in parts, nor
 * anything else: that may be a counter or a time. Where S3 encrypts with KMS it is of the same form and says nothing of the
 * content, but then differs for each object.
 */
const md5 = /^[0-9a-f]{32}$/;

interface Labelled {
  sizeBytes: number;
  records: Promise<Prediction[]>;
}

/**
 * Labels objects of one content once in a run: who comes first does the work, who comes while it is under way waits for it.
 * Only records that are ok are shared; after anything else everyone does its own work, and finds its own errors. Once equal
 * ETags have met different sizes, nothing is shared: they are not made of the content then.
 */
export class EqualObjects {
  readonly #warn: (line: string) => void;
  readonly #maxRemembered: number;
  readonly #labelled = new Map<string, Labelled>();
  #isTrusted: boolean;

  /**
   * @param input the run's input: only S3's ETags can be content hashes, those of files are size and time
   * @param warn takes one line for people
   */
  constructor(input: string, warn: (line: string) => void, remembered = maxRemembered) {
    this.#isTrusted = input.startsWith("s3://");
    this.#warn = warn;
    this.#maxRemembered = remembered;
  }

  /**
   * The object's records for these models: those of an equal object, or what `label` makes. Rejects as `label` does.
   *
   * @param pass the pass that the records are made in
   * @param label makes one record a model, in their order
   */
  async label(
    { entry, modelIds, pass }: { entry: ManifestEntry; modelIds: string[]; pass: number },
    label: () => Promise<Prediction[]>,
  ): Promise<Prediction[]> {
    const id = this.#idOf(entry, modelIds);
    if (id === null) return label();
    const { key, etag, sizeBytes } = entry;
    const known = this.#labelled.get(id);
    if (known !== undefined && known.sizeBytes !== sizeBytes) {
      this.#distrust(etag, known.sizeBytes, sizeBytes);
      return label();
    }
    if (known !== undefined) {
      const records = await known.records.catch(() => null);
      if (this.#isTrusted && records?.every(({ status }) => status === "ok")) {
        this.#remember(id, known);
        return records.map((record) => ({ ...record, key, etag, sizeBytes, pass }));
      }
    }
    const labelling = label();
    // Its failure is the caller's, who has the same promise.
    labelling.catch(() => {});
    if (this.#isTrusted) this.#remember(id, { sizeBytes, records: labelling });
    return labelling;
  }

  #idOf({ etag, sizeBytes }: ManifestEntry, modelIds: string[]): string | null {
    if (!this.#isTrusted || !md5.test(etag) || !isKnownEtag(etag, sizeBytes)) return null;
    return [etag, ...modelIds].join(" ");
  }

  #distrust(etag: string, aBytes: number, bBytes: number): void {
    this.#isTrusted = false;
    this.#labelled.clear();
    const why = `two objects have the ETag ${etag}, one of ${aBytes} and one of ${bBytes} bytes`;
    this.#warn(
      `--merge-equal-objects has ended for this run, because ${why}; run again without it if labels were shared before`,
    );
  }

  #remember(id: string, labelled: Labelled): void {
    this.#labelled.delete(id);
    this.#labelled.set(id, labelled);
    if (this.#labelled.size > this.#maxRemembered) this.#labelled.delete(this.#labelled.keys().next().value!);
  }
}
