// The places where usage happens, as the export's `location` struct names them.
import { type EncodedText, encodeText } from '../encoded-text.ts';

/** A value of the `location` struct; a multi-region has no region, and few services report a zone. */
export interface Location {
  readonly location: EncodedText;
  readonly country: EncodedText | undefined;
  readonly region: EncodedText | undefined;
  readonly zone: EncodedText | undefined;
}

/** A region and its zones. */
export interface Region {
  readonly name: string;
  /** How SKU descriptions call it. */
  readonly title: string;
  readonly regional: Location;
  readonly zones: readonly { readonly name: string; readonly location: Location }[];
}

/** The regions of the catalog. */
export const regions: readonly Region[] = [
  region('us-central1', 'Iowa', 'US'),
  region('us-east1', 'South Carolina', 'US'),
  region('europe-west1', 'Belgium', 'BE'),
  region('europe-west3', 'Frankfurt', 'DE'),
  region('asia-northeast1', 'Tokyo', 'JP'),
];

/** The multi-region `eu`, which has neither country, region nor zone. */
export const europeMultiRegion = multiRegion('eu', 'EU (multi-region)');

/** What belongs to no place. */
export const globalRegion = multiRegion('global', 'Global');

function region(name: string, title: string, country: string): Region {
  const encoded = { location: encodeText(name), country: encodeText(country), region: encodeText(name) };
  return {
    name,
    title,
    regional: { ...encoded, zone: undefined },
    zones: ['b', 'c', 'd'].map((letter) => {
      const zone = `${name}-${letter}`;
      return { name: zone, location: { ...encoded, zone: encodeText(zone) } };
    }),
  };
}

function multiRegion(name: string, title: string): Region {
  const regional = { location: encodeText(name), country: undefined, region: undefined, zone: undefined };
  return { name, title, regional, zones: [] };
}
