// Where a directory finds this gateway server. Nothing else stands in this file: routes know the address before the program behind it is loaded.

export const scimPath = '/scim/v2';
