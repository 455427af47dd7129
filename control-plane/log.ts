// One logger for the process: JSON lines on standard error, constant messages, data in fields, never a secret.
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

/** Levels as in conventions: error = a person must act, warn = degraded, info = a decision, debug = the rest. */
export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The process's logger. Fields that may hold credentials are removed whatever an author wrote. */
export function createLog(level: LogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["token", "authorization", "*.token", "*.authorization", "privateKey", "*.privateKey"],
        censor: "[redacted]",
      },
    },
    destination,
  );
}
