#pragma once
// Files of datasets for tests, and the words in which one is refused.

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "scenarios/datasets/dataset_error.hpp"

namespace squall::fixtures {

/// A folder that lives as long as the object.
class DatasetFolder {
 public:
  DatasetFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "squall-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~DatasetFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DatasetFolder(const DatasetFolder&) = delete;
  DatasetFolder& operator=(const DatasetFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// What `read` is refused with; empty: it was not.
template <typename Read>
std::string refusal(Read read) {
  try {
    read();
  } catch (const scenarios::DatasetError& error) {
    return error.what();
  }
  return {};
}

inline bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

}  // namespace squall::fixtures
