#pragma once
// Who is served first when cores are short: the load generator, whose lateness would be taken for
// the target's, before the engine, which only takes longer.

namespace squall::agents {

/// Asks for short turns and prompt wake-ups of the calling thread and of those that it starts from
/// now on. A wish: Linux grants it from 6.12 on without any privilege, older kernels ignore it.
///
/// With SQUALL_REALTIME=1 in the environment, and the right to (root, CAP_SYS_NICE, RLIMIT_RTPRIO),
/// they run before everything that is not real-time, by the least of those priorities. That makes
/// pacing exact on machines that do other work too; a load beyond what the agent can drive then
/// takes nearly all of the machine, so it is never done unasked. Returns whether it was granted.
bool prefer_prompt_wakeups();

/// Whether SQUALL_REALTIME=1 asks for it.
bool wants_real_time();

/// Takes both back for the calling thread: long turns, as a computation wants them.
void prefer_long_turns();

/// Timers of the calling thread fire as exactly as the kernel can.
void minimise_timer_slack();

}  // namespace squall::agents
