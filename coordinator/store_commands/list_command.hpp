#pragma once
// `squall list`: stored runs, one a line, or as JSON.

#include <string>
#include <vector>

#include "coordinator/store/run_store.hpp"
#include "coordinator/store_commands/store_command_line.hpp"

namespace squall::coordinator {

int list_command(const RunStore& store, const StoreOrders& orders);

/// A head line, then one line a run; safe to print. Where `width` does not suffice, the columns
/// that matter least are left out.
std::string list_text(const std::vector<StoredRun>& runs, std::size_t width, bool colour);

std::size_t list_width();  // of standard output; more than a terminal's where it is none

/// {"schema": "squall-runs/1", "runs": [{"run", "state", "outcome", "started_at", "scenario":
/// {"name", "hash", "file"}, "model", "model_fingerprint", "hardware_fingerprint", "load",
/// "figures": {…}, "tags": […], "tool_version", "folder"}]}; what is not known is null.
std::string list_json(const std::vector<StoredRun>& runs);

}  // namespace squall::coordinator
