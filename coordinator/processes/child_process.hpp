#pragma once
// Starts other programs as children that a terminal's Ctrl-C does not reach, and says in words how
// they ended.

#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace squall::coordinator {

/// A program that cannot be started.
struct ProcessError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a child reads and where it complains; -1: nothing, and where this program does. Its
/// standard output is nowhere: the summary there is the coordinator's alone.
struct ChildStreams {
  int input = -1;
  int errors = -1;
};

/// What becomes of a child whose parent is killed. Only a parent without other threads may ask for
/// it to be interrupted: the system takes the end of the thread that started it for the parent's.
enum class WithoutParent { goes_on, is_interrupted };

/// A child in a process group of its own, with no signal blocked. The first word names the program;
/// one without '/' is looked for in PATH. Throws ProcessError with the system's reason.
pid_t start_child(std::vector<std::string> command, const ChildStreams& streams = {},
                  WithoutParent without_parent = WithoutParent::goes_on);

/// Of waitpid's status: "exit code 1", "killed by signal 9 (Killed)".
std::string describe_end(int status);

/// The program of that name beside this one; else the bare name, for PATH.
std::filesystem::path sibling_program(const std::string& name);

}  // namespace squall::coordinator
