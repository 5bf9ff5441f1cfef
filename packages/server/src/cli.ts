#!/usr/bin/env node
import { programToRun } from "./cli/packed.js";

await import(programToRun().href);
