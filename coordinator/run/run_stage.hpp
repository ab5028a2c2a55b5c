#pragma once
// Where a run stands, from the first greeting to the last seal.

namespace squall::coordinator {

enum class RunStage { gathering, preparing, starting, warming_up, measuring, draining, finished };

/// "gathering agents", "warm-up", "measuring", …
const char* name_of(RunStage stage);

}  // namespace squall::coordinator
