# Writes what the wrapper is made of, file by file with its digest, and leaves the list alone where it
# is still true. Times of files tell less: a checkout or an archive may bring a header that differs
# and is older than the wrapper.
# usage: cmake -D OUT=FILE -D FOLDERS=FOLDER[;FOLDER...] -P headers.cmake
set(list "")
foreach(folder IN LISTS FOLDERS)
  file(GLOB headers ${folder}/bridge.h ${folder}/capi.i ${folder}/swarmbench/*.h
                    ${folder}/swarmbench/sys/*.h)
  foreach(header IN LISTS headers)
    file(SHA256 ${header} digest)
    string(APPEND list "${digest} ${header}\n")
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${OUT} CONTENT "${list}" @ONLY)
