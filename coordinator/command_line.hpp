#pragma once
// What people type after `squall`: the commands and their options, with help that teaches.

namespace squall::coordinator {

/// Parses, runs the command, returns the exit code.
int command_line(int argc, char** argv);

}  // namespace squall::coordinator
