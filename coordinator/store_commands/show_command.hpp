#pragma once
// `squall show`: a stored run's report, as JSON as it was stored, or for people, computed again
// from the stored journal.

#include "coordinator/store/run_store.hpp"
#include "coordinator/store_commands/store_command_line.hpp"

namespace squall::coordinator {

int show_command(const RunStore& store, const StoreOrders& orders);

}  // namespace squall::coordinator
