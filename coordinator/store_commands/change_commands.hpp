#pragma once
// `squall tag`, `untag`, `delete`, `export`, `import`: each says in a line what it did.

#include "coordinator/store/run_store.hpp"
#include "coordinator/store_commands/store_command_line.hpp"

namespace squall::coordinator {

int tag_command(RunStore& store, const StoreOrders& orders);
int delete_command(RunStore& store, const StoreOrders& orders);
int export_command(const RunStore& store, const StoreOrders& orders);
int import_command(RunStore& store, const StoreOrders& orders);

/// Removes a run's folder: only what is named like the run and holds its journal or report,
/// whatever the store says. Returns whether there was one. Throws StoreError when it cannot be
/// removed.
bool remove_run_folder(const RunBeginning& run);

}  // namespace squall::coordinator
