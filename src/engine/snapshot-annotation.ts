/** Annotation of a run: the snapshot it runs on. */
export const snapshotAnnotation = 'snapshot'
