#pragma once
// A library that may or may not be on this machine, loaded while the program runs.

#include <string>
#include <utility>

namespace squall::agents {

class SharedLibrary {
 public:
  /// `name`: looked for as the system's loader does, or a path.
  explicit SharedLibrary(const std::string& name);
  ~SharedLibrary();
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  bool loaded() const { return handle_ != nullptr; }

  /// Null where the library has no such function: older and newer ones differ.
  template <class Signature>
  Signature* function(const char* name) const {
    return reinterpret_cast<Signature*>(address_of(name));
  }

 private:
  void* address_of(const char* name) const;
  void* handle_;
};

}  // namespace squall::agents
