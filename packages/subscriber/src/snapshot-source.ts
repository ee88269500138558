/** Where a replica gets snapshots from. */
export interface SnapshotSource {
  /**
   * The bytes of one snapshot, as they came: nothing about them is trusted. `ERR_SNAPSHOT_UNAVAILABLE` if there is
   * none to be had now. Must give up when `signal` fires, and must not take more than `maxBytes`.
   */
  fetch(options: { readonly signal: AbortSignal; readonly maxBytes: number }): Promise<Uint8Array>
}
