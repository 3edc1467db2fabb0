/** What the robot has promised to someone, by a time of day. */
export interface Pledge {
  to: string;
  /** What makes it kept. */
  fact: string;
  /** The same in words, as the beginning of "... by 13:00". */
  what: string;
  /** Seconds after midnight, inclusive. */
  byS: number;
  /** The fact that frees the robot from it: its receiver has let it go. */
  release: string | null;
}
