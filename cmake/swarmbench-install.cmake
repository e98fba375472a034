# What `cmake --install` puts where. Everything is relocatable: the prefix may be moved afterwards.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/swarmbench)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/swarmbench TYPE INCLUDE)

# The shared library needs nothing of its user; the static one is a set of its own, whose
# dependencies are looked for only where it is asked for.
install(TARGETS swarmbench EXPORT swarmbench_shared)
install(TARGETS swarmbench_static EXPORT swarmbench_static)
foreach(kind shared static)
  install(EXPORT swarmbench_${kind} NAMESPACE swarmbench:: FILE swarmbench-${kind}.cmake
          DESTINATION ${package_dir})
endforeach()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/swarmbench-config.cmake.in
    ${PROJECT_BINARY_DIR}/swarmbench-config.cmake INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/swarmbench-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/swarmbench-config.cmake
              ${PROJECT_BINARY_DIR}/swarmbench-config-version.cmake DESTINATION ${package_dir})

# ${pcfiledir}/<this> is the prefix, wherever it was moved to.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
           BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE SWB_PC_PREFIX)
foreach(name swarmbench swarmbench-static)
  configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/${name}.pc.in
                 ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

if(SWB_BUILD_CLI)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
             OUTPUT_VARIABLE libdir_from_bindir)
  set_target_properties(swb_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${libdir_from_bindir}")
  install(TARGETS swb_cli)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/man/swarmbench.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${SWB_COMPLETIONS}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME swarmbench)
  install(FILES ${SWB_COMPLETIONS}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
          RENAME _swarmbench)
  install(FILES ${SWB_COMPLETIONS}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
          RENAME swarmbench.fish)
endif()
if(SWB_KUBERNETES)
  # As they are in the tree: the links of charts to their library are relative. Images are built there.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/charts DESTINATION ${CMAKE_INSTALL_DATADIR}/swarmbench
          PATTERN images EXCLUDE PATTERN __pycache__ EXCLUDE PATTERN schemas.py EXCLUDE
          PATTERN render.sh EXCLUDE)
endif()
if(TARGET swb_agent)
  install(TARGETS swb_agent swb_launcher swb_tracker)
endif()
