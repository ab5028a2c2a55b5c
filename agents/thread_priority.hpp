#pragma once
// Who is served first when cores are short: the load generator, whose lateness would be taken for
// the target's, before the engine, which only takes longer.

namespace squall::agents {

/// Asks for short turns and prompt wake-ups of the calling thread and of those that it starts from
/// now on. A wish: Linux grants it from 6.12 on without any privilege, older kernels ignore it.
void prefer_prompt_wakeups();

/// Takes that wish back for the calling thread: long turns, as a computation wants them.
void prefer_long_turns();

/// Timers of the calling thread fire as exactly as the kernel can.
void minimise_timer_slack();

}  // namespace squall::agents
