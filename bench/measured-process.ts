// Runs a process to its end and says what the operating system counted for it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process: how long it took, what it used of the processors, the memory it held at most and over time, what it printed. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** One value for every SAMPLE_MS of its life. */
  readonly rssMb: readonly number[];
  readonly stdout: string;
}

const CLOCK_TICKS_A_SECOND = 100;
const SAMPLE_MS = 50;

/** Rejects when the process fails. CPU and memory are read from /proc while it runs, so both are a sample old at most. */
export async function measured(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Measured> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let used = { cpuSeconds: 0, peakRssMb: 0, rssMb: 0 };
  const rssMb: number[] = [];
  const sampling = setInterval(() => {
    const sample = usedBy(child.pid);
    if (!sample) return;
    used = sample;
    rssMb.push(sample.rssMb);
  }, SAMPLE_MS);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${output.stderr}`);
  return {
    cpuSeconds: used.cpuSeconds,
    peakRssMb: used.peakRssMb,
    rssMb,
    seconds: (performance.now() - startedMs) / 1000,
    stdout: output.stdout,
  };
}

/** User and system time of a process that runs. */
export function cpuSecondsOf(pid: number | undefined): number {
  // The program's name stands in parentheses and may hold spaces; the times are the 12th and 13th field after it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND;
}

function usedBy(
  pid: number | undefined,
): { cpuSeconds: number; peakRssMb: number; rssMb: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    const now = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
    if (peak === undefined || now === undefined) return undefined;
    return {
      cpuSeconds: cpuSecondsOf(pid),
      peakRssMb: Number(peak) / 1024,
      rssMb: Number(now) / 1024,
    };
  } catch {
    return undefined;
  }
}
