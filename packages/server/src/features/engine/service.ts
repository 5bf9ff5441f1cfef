import type {
  Camera,
  EngineGroup,
  EngineLogin,
  EngineMessage,
  EngineMuteStatus,
  EngineRequest,
  Role,
} from "@invigil/schema";
import { signalName, signals } from "@invigil/schema";
import { type Principal, unauthenticated } from "../../auth.js";
import { loginOf } from "../../db/messages.js";
import { forbidden, InvigilError, parsed } from "../../errors.js";
