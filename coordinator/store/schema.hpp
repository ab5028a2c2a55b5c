#pragma once
// The store's tables, as steps that bring a file from each version to the next.

#include <span>

#include "coordinator/store/database.hpp"

namespace squall::coordinator {

/// A database of another program.
struct ForeignDatabase : StoreError {
  using StoreError::StoreError;
};

/// SQL; step i brings a file of version i to version i + 1. A step that was released never changes.
std::span<const char* const> schema_steps();

/// Brings an empty or older file to WAL mode and the newest version, in one transaction. Throws
/// StoreError for a newer one, and ForeignDatabase; these stay as they are, byte by byte.
void bring_forward(Database& database);

}  // namespace squall::coordinator
