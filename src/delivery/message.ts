/** What somebody is told, in plain values, whatever channel it goes through. */
export type Message = {
  /** The fact first: "€48.20 since midnight, usually €16: gpt-image-1". */
  subject: string;
  level: 'critical' | 'warning' | 'resolved' | 'error' | 'information';
  facts: { label: string; value: string }[];
  paragraphs: string[];
  /** Absolute addresses. */
  links: { label: string; url: string }[];
  /** For programs: what the JSON of a plain webhook says besides. */
  data: Record<string, unknown>;
};
