/* Files that are part of the library, each as text with a NUL behind it. */
#ifndef SWB_REPORT_ASSETS_H
#define SWB_REPORT_ASSETS_H

/* charts/NAME.json: Vega-Lite specifications but for what charts have in common (see chart.c). */
extern const char swb__asset_completion[];
extern const char swb__asset_progress[];
extern const char swb__asset_first_byte[];
extern const char swb__asset_ratio[];
extern const char swb__asset_bytes[];
extern const char swb__asset_cpu[];
extern const char swb__asset_reliability[];
extern const char swb__asset_matrix[];

/* page/: the page's own style and script. */
extern const char swb__asset_style[];
extern const char swb__asset_script[];

/* What draws the charts; "" where the library was built without it. */
extern const char swb__asset_vega[];
extern const char swb__asset_vega_lite[];
extern const char swb__asset_vega_embed[];
extern const char swb__asset_licenses[];
/* Its versions, for people. */
extern const char swb__asset_versions[];

#endif
