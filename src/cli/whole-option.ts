/** Reads whole numbers from the command line. */
import { InvalidArgumentError } from 'commander';

/** A parser for an option whose value is a whole number between the two. */
export function wholeOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
    return value;
  };
}
