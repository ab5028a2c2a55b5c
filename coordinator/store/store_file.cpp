#include <cstdlib>

#include "coordinator/run_folder.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

std::filesystem::path store_file(const std::string& asked, const std::string& state) {
  if (!asked.empty()) return asked;
  if (const char* own = std::getenv("SQUALL_STORE"); own != nullptr && *own != '\0') return own;
  return state_folder(state) / "runs.db";
}

}  // namespace squall::coordinator
