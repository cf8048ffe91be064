import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";

/** Objects of a run that are remembered; the longest unseen are forgotten, which only costs their work. */
const maxRemembered = 4_096;

/**
 * An ETag that is made of the content: MD5 in hexadecimal, or the MD5 of the parts' MD5s and their number
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Equal ones of equal size are equal content, also where
 * parts are of different sizes, because the parts would have to be equal. Where S3 encrypts with KMS they are of the same form
 * and say nothing of the content, but then differ for each object. Anything else may be a counter or a time.
 */
const contentEtag = /^[0-9a-f]{32}(-\d{1,5})?$/;

/**
 * Labels objects of one content once in a run: who comes first does the work, who comes while it is under way waits for it.
 * Only records that are ok are shared; after anything else everyone does its own work, and finds its own errors.
 */
export class EqualObjects {
  readonly #isContentAddressed: boolean;
  readonly #maxRemembered: number;
  readonly #records = new Map<string, Promise<Prediction[]>>();

  /** @param input the run's input: only S3's ETags can be content hashes, those of files are size and time. */
  constructor(input: string, remembered = maxRemembered) {
    this.#isContentAddressed = input.startsWith("s3://");
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
    const underWay = this.#records.get(id);
    if (underWay !== undefined) {
      const records = await underWay.catch(() => null);
      if (records?.every(({ status }) => status === "ok")) {
        this.#remember(id, underWay);
        const { key, etag, sizeBytes } = entry;
        return records.map((record) => ({ ...record, key, etag, sizeBytes, pass }));
      }
    }
    const labelling = label();
    this.#remember(id, labelling);
    return labelling;
  }

  #idOf({ etag, sizeBytes }: ManifestEntry, modelIds: string[]): string | null {
    if (!this.#isContentAddressed || !contentEtag.test(etag)) return null;
    return [etag, sizeBytes, ...modelIds].join(" ");
  }

  #remember(id: string, records: Promise<Prediction[]>): void {
    // Its failure is the caller's, who has the same promise.
    records.catch(() => {});
    this.#records.delete(id);
    this.#records.set(id, records);
    if (this.#records.size > this.#maxRemembered) this.#records.delete(this.#records.keys().next().value!);
  }
}
