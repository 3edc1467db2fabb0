/** The call was not made, because its worker is shutting down. Nothing is lost: the next worker makes it. */
export class TurnedAway extends Error {
  override name = 'TurnedAway';

  constructor() {
    super('the worker is shutting down, and the call was not made: the next worker makes it');
  }
}
